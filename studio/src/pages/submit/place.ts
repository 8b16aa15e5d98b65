import type { Path } from "@/pages/submit/schema";

/** Where in a YAML text the cursor stands. */
export interface YamlPlace {
  /** Keys and indexes that lead to the mapping that the line belongs to. */
  path: Path;
  /** The key whose value is being written; null: a key is. */
  key: string | null;
  /** What is written of the key or value so far, and where it begins in the line. */
  written: string;
  begin: number;
}

/** A mark of a list item, or a key, at its column. */
interface Token {
  column: number;
  /** Null: the mark of a list item. */
  key: string | null;
  /** Nothing stands beside the key: what is indented below it is its value. */
  opens: boolean;
}

const KEY = /^("[^"]*"|'[^']*'|[^\s:#][^:#]*?):(?:\s+(.*))?$/;

function tokens(line: string): Token[] {
  const found: Token[] = [];
  let column = line.length - line.trimStart().length;
  let rest = line.slice(column).trimEnd();
  if (rest.startsWith("#")) return [];
  for (let mark = /^-(?:\s+|$)/.exec(rest); mark; mark = /^-(?:\s+|$)/.exec(rest)) {
    found.push({ column, key: null, opens: true });
    column += mark[0].length;
    rest = rest.slice(mark[0].length);
  }
  const key = KEY.exec(rest);
  if (key?.[1] !== undefined) found.push({ column, key: bare(key[1]), opens: !key[2] || key[2].startsWith("#") });
  return found;
}

function bare(key: string): string {
  return key.replace(/^["']|["']$/g, "");
}

/** Finds where the cursor stands, by the indentation of the lines above; block style only. */
export function placeAt(text: string, offset: number): YamlPlace {
  const begin = text.lastIndexOf("\n", offset - 1) + 1;
  const before = text.slice(begin, offset);
  const space = /^(\s*(?:-\s+)*)/.exec(before)?.[1] ?? "";
  const above = text.slice(0, begin).split("\n").slice(0, -1).flatMap(tokens);
  const marks = tokens(space);
  const path = pathOf([...above, ...marks], space.length);
  const value = KEY.exec(before.slice(space.length));
  if (value?.[1] !== undefined && /:\s/.test(before.slice(space.length))) {
    const written = value[2] ?? "";
    return { path, key: bare(value[1]), written, begin: before.length - written.length };
  }
  return { path, key: null, written: before.slice(space.length), begin: space.length };
}

/** The path of the mapping whose keys stand at `column`, for the tokens above. */
function pathOf(above: Token[], column: number): Path {
  const path: Path = [];
  let inList = false;
  let items = 0;
  for (const token of above.toReversed()) {
    const isMark = token.key === null;
    if (inList && isMark && token.column === column) items += 1;
    else if (isMark && token.column < column) {
      if (inList) path.unshift(items);
      inList = true;
      items = 0;
      column = token.column;
    } else if (!isMark && token.opens && (token.column < column || (inList && token.column === column))) {
      path.unshift(...(inList ? [token.key ?? "", items] : [token.key ?? ""]));
      inList = false;
      column = token.column;
    }
  }
  return path;
}
