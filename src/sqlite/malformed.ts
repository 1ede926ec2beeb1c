/**
 * A database whose pages contradict the file format: a page that is not there, a b-tree that runs in circles, a value that
 * reaches past its record. What walks b-trees throws it, and reads nothing else of such a database.
 */
export class Malformed extends Error {
  override readonly name = "Malformed";
}
