/** sql.js behind one door: SQLite's own checks. */
export { checkIntegrity, MAX_INTEGRITY_SIZE } from "./integrity.ts";
