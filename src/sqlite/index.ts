/** SQLite's own checks: sql.js behind one door, and what any engine's words mean. */
export { checkIntegrity, MAX_INTEGRITY_SIZE, tooLarge } from "./integrity.ts";
