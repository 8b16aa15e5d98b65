import type { ReactNode } from "react";
import { parseAnsi } from "@/pages/jobs/job/log/ansi";
import { styleOf } from "@/pages/jobs/job/log/colours";

interface Props {
  text: string;
  /** Marked wherever it stands. */
  find?: string;
  matchCase?: boolean;
}

/** A line of a log in its colours; text stays text. */
export function AnsiText({ text, find = "", matchCase = false }: Props) {
  return parseAnsi(text).map((piece, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: pieces of one line keep their order
    <span key={index} style={styleOf(piece.look)}>
      {find ? marked(piece.text, find, matchCase) : piece.text}
    </span>
  ));
}

function marked(text: string, find: string, matchCase: boolean): ReactNode {
  const inside = matchCase ? text : text.toLowerCase();
  const wanted = matchCase ? find : find.toLowerCase();
  const parts: ReactNode[] = [];
  let begin = 0;
  for (let at = inside.indexOf(wanted); at >= 0; at = inside.indexOf(wanted, begin)) {
    parts.push(text.slice(begin, at), <mark key={at}>{text.slice(at, at + wanted.length)}</mark>);
    begin = at + wanted.length;
  }
  return [...parts, text.slice(begin)];
}
