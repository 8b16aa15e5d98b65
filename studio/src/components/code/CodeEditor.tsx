import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { bracketMatching, indentOnInput } from "@codemirror/language";
import { searchKeymap } from "@codemirror/search";
import { Compartment, EditorState, type Extension } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { useEffect, useRef } from "react";
import { highlighting, languageOf } from "@/components/code/highlight";

interface Props {
  /** The text at first, and whenever it is replaced from outside. */
  value: string;
  /** Gives the language by its ending: `job.yml`. */
  name: string;
  label: string;
  /** Left out: the text can only be read. */
  onChange?: (value: string) => void;
  /** Further parts: completion, checks. Keep it stable (`useMemo`). */
  extensions?: Extension;
  height?: string;
}

const look = EditorView.theme({
  "&": { fontSize: "13px", border: "1px solid var(--mantine-color-default-border)", borderRadius: "4px" },
  "&.cm-focused": { outline: "2px solid var(--mantine-color-lapis-5)" },
  ".cm-content": { fontFamily: "var(--mantine-font-family-monospace)", caretColor: "var(--mantine-color-text)" },
  ".cm-gutters": { background: "transparent", border: "none", color: "var(--mantine-color-dimmed)" },
  ".cm-activeLine": { background: "var(--mantine-color-default-hover)" },
  ".cm-cursor": { borderLeftColor: "var(--mantine-color-text)" },
  ".cm-selectionBackground": { background: "light-dark(#cfe0fb, #29467d) !important" },
  ".cm-tooltip": {
    background: "var(--mantine-color-body)",
    color: "var(--mantine-color-text)",
    border: "1px solid var(--mantine-color-default-border)",
  },
});

/** A text with line numbers and colours: to read, or to edit when `onChange` is given. Tab leaves it after Escape. */
export function CodeEditor({ value, name, label, onChange, extensions, height }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const more = useRef(new Compartment());
  const told = useRef(onChange);
  told.current = onChange;
  const isEditable = onChange !== undefined;
  // biome-ignore lint/correctness/useExhaustiveDependencies: value and extensions are brought in by the effects below
  useEffect(() => {
    if (!place.current) return;
    const parts: Extension[] = [
      lineNumbers(),
      drawSelection(),
      bracketMatching(),
      highlighting,
      languageOf(name),
      look,
      EditorView.lineWrapping,
      EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0" }),
      EditorState.readOnly.of(!isEditable),
      more.current.of(extensions ?? []),
      keymap.of([...searchKeymap, ...defaultKeymap]),
      EditorView.theme({ "&": height ? { height } : {}, ".cm-scroller": { overflow: "auto" } }),
    ];
    if (isEditable) {
      parts.push(history(), indentOnInput(), highlightActiveLine(), keymap.of([...historyKeymap, indentWithTab]));
      parts.push(EditorView.updateListener.of((up) => up.docChanged && told.current?.(up.state.doc.toString())));
    }
    const made = new EditorView({ doc: value, extensions: parts, parent: place.current });
    view.current = made;
    return () => {
      made.destroy();
      view.current = null;
    };
  }, [name, label, isEditable, height]);
  useEffect(() => {
    const shown = view.current;
    if (shown && shown.state.doc.toString() !== value) {
      shown.dispatch({ changes: { from: 0, to: shown.state.doc.length, insert: value } });
    }
  }, [value]);
  useEffect(() => {
    view.current?.dispatch({ effects: more.current.reconfigure(extensions ?? []) });
  }, [extensions]);
  return <div ref={place} />;
}
