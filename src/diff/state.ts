/** A state of a database as the diff reads it. */

import { type Cell, countRows, overflowOf } from "../sqlite/btree.ts";
import { Malformed } from "../sqlite/malformed.ts";
import { type DatabasePages, Visits } from "../sqlite/pages.ts";
import { encodingOf, readSchema, type Schema, type SchemaObject } from "../sqlite/schema.ts";
import type { Encoding } from "../sqlite/values.ts";

/** All reading of one diff: in a sound database it meets each page once at most for each purpose. */
export class State {
  readonly pages: DatabasePages;
  readonly schema: Schema;
  readonly encoding: Encoding;
  readonly #overflow: Visits;
  readonly #counted: Visits;

  /** @throws Malformed where the schema cannot be read */
  constructor(pages: DatabasePages) {
    this.pages = pages;
    this.schema = readSchema(pages);
    this.encoding = encodingOf(pages);
    this.#overflow = new Visits(pages);
    this.#counted = new Visits(pages);
  }

  /**
   * The pages that a cell's record overflows to.
   *
   * @throws Malformed where more of them were met, in this cell and all before it, than there are pages
   */
  overflowOf(cell: Cell): number[] {
    return cell.overflow === 0 ? [] : overflowOf(this.pages, cell, this.#overflow);
  }

  /** How many rows a table has. None where there is no such table; undefined where its pages cannot be followed. */
  countRows(object: SchemaObject | undefined): number | undefined {
    if (!object || object.root === 0) return 0;
    try {
      return countRows(this.pages, object.root, this.#counted);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      return undefined;
    }
  }
}
