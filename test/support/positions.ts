/**
 * Who looks inside positions, by the types that the compiler sees: about a second for all of src and web. The compiler calls its
 * interface unstable.
 */

import { relative } from "node:path";
import type { Node, ObjectLiteralExpression } from "typescript/unstable/ast";
import {
  isBindingElement,
  isIdentifier,
  isObjectBindingPattern,
  isObjectLiteralExpression,
  isPropertyAccessExpression,
  isPropertyAssignment,
  isShorthandPropertyAssignment,
} from "typescript/unstable/ast/is";
import { API, type Project, type Symbol as Property } from "typescript/unstable/sync";
import { ROOT } from "./imports.ts";

/** What positions are made of. */
const WHOLES = [["index", "offset"], ["txid"]];
const PARTS = WHOLES.flat();

/** A place in a file, lines from 1, that reads a part of a position, or makes a position of its parts. */
export interface Look {
  path: string;
  line: number;
  what: "reads" | "makes";
}

/**
 * Every place in the files of a folder that reads a part of a position (`position.index`, `{ index } = position`) or makes a
 * position of its parts (`{ index, offset }`). A part is known by the file that declares it: what else is called `index` or
 * `offset`, as the byte offset of an error, is none.
 *
 * @param config the compiler's configuration file for the folder
 * @param declaring files that declare what positions are, as paths from the root of walkit
 */
export function looksInside(folder: "src" | "web", config: string, declaring: readonly string[]): Look[] {
  const api = new API({ cwd: ROOT });
  try {
    const [project] = api.updateSnapshot({ openProjects: [ROOT + config] }).getProjects();
    const names = project!.program.getSourceFileNames();
    const own = names.filter((name) => pathOf(name).startsWith(`${folder}/`));
    return own.flatMap((name) => looksIn(project!, name, declaring));
  } finally {
    api.close();
  }
}

/** As a path from the root of walkit. */
function pathOf(name: string): string {
  return relative(ROOT, name).replaceAll("\\", "/");
}

function looksIn({ program, checker }: Project, name: string, declaring: readonly string[]): Look[] {
  const file = program.getSourceFile(name)!;
  if (!PARTS.some((part) => file.text.includes(part))) return [];
  const looks: Look[] = [];
  const look = (what: Look["what"], node: Node) => {
    const line = file.text.slice(0, node.end).split("\n").length;
    looks.push({ path: pathOf(name), line, what });
  };
  // Where file names have no case, the compiler writes this path in lower case.
  const declares = ({ path }: { path: string }) => declaring.some((one) => path.endsWith(`/${one}`));
  const isDeclared = (property: Property | undefined) => property?.declarations.some(declares) ?? false;
  const accesses: Node[] = [];
  const visit = (node: Node): void => {
    if (isPropertyAccessExpression(node) && PARTS.includes(node.name.text)) accesses.push(node.name);
    if (isObjectBindingPattern(node)) {
      for (const part of partsTakenBy(node)) {
        const type = checker.getTypeAtLocation(node);
        if (type && isDeclared(checker.getPropertyOfType(type, part))) look("reads", node);
      }
    }
    if (isObjectLiteralExpression(node) && hasAllParts(node)) look("makes", node);
    node.forEachChild(visit);
  };
  visit(file);
  for (const [i, property] of checker.getSymbolAtLocation(accesses).entries())
    if (isDeclared(property)) look("reads", accesses[i]!);
  return looks;
}

function partsTakenBy(pattern: Node): string[] {
  const parts: string[] = [];
  pattern.forEachChild((element) => {
    if (!isBindingElement(element)) return;
    const key = element.propertyName ?? element.name;
    if (key && isIdentifier(key) && PARTS.includes(key.text)) parts.push(key.text);
  });
  return parts;
}

function hasAllParts({ properties }: ObjectLiteralExpression): boolean {
  const keys = properties.map((property) =>
    (isPropertyAssignment(property) || isShorthandPropertyAssignment(property)) && isIdentifier(property.name)
      ? property.name.text
      : undefined,
  );
  return WHOLES.some((parts) => parts.every((part) => keys.includes(part)));
}
