import { pythonLanguage } from "@codemirror/lang-python";
import { highlightCode, tagHighlighter, tags } from "@lezer/highlight";
import { type ReactNode, useMemo } from "react";
import classes from "@/components/code/static.module.css";

const highlighter = tagHighlighter([
  { tag: [tags.keyword, tags.operatorKeyword, tags.modifier], class: classes.keyword ?? "" },
  { tag: [tags.string, tags.special(tags.string)], class: classes.string ?? "" },
  { tag: [tags.number, tags.bool, tags.null], class: classes.number ?? "" },
  { tag: [tags.comment], class: classes.comment ?? "" },
  { tag: [tags.function(tags.variableName), tags.className], class: classes.name ?? "" },
]);

/** A short text that stands in a page among others, in the colours of Python where it is Python. */
export function StaticCode({ text, name }: { text: string; name: string }) {
  const parts = useMemo(() => (name.endsWith(".py") ? coloured(text) : text), [text, name]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
    <pre className={classes.code} tabIndex={0}>
      <code>{parts}</code>
    </pre>
  );
}

function coloured(text: string): ReactNode[] {
  const parts: ReactNode[] = [];
  const put = (part: string, look: string) => {
    parts.push(
      look ? (
        <span key={parts.length} className={look}>
          {part}
        </span>
      ) : (
        part
      ),
    );
  };
  highlightCode(text, pythonLanguage.parser.parse(text), highlighter, put, () => parts.push("\n"));
  return parts;
}
