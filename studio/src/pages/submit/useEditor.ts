import { autocompletion, completionKeymap } from "@codemirror/autocomplete";
import { forceLinting, linter, lintGutter, lintKeymap } from "@codemirror/lint";
import type { Extension } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";
import { useMemo, useRef, useState } from "react";
import { checkDraft, type DocumentKind, type Draft, useSchema } from "@/api/drafts";
import { diagnosticsOf } from "@/pages/submit/checks";
import { documentCompletion, type Names } from "@/pages/submit/completion";

/** What the server said of a text. */
export interface Checked {
  text: string;
  draft: Draft;
}

interface Editing {
  extensions: Extension;
  checked: Checked | null;
  /** The server could not be asked. */
  error: unknown;
  /** Puts the cursor at a place of the text. */
  goTo: (line: number, column: number) => void;
  /** Checks again, although the text is the same. */
  again: () => void;
}

/** The parts of an editor that complete a document and check it at the server while it is written. */
export function useEditor(workspace: string, kind: DocumentKind, names: Names): Editing {
  const schema = useSchema(kind);
  const [checked, setChecked] = useState<Checked | null>(null);
  const [error, setError] = useState<unknown>(null);
  const view = useRef<EditorView | null>(null);
  const known = useRef(names);
  known.current = names;
  const extensions = useMemo(() => {
    const check = async (editor: EditorView) => {
      const text = editor.state.doc.toString();
      try {
        const draft = await checkDraft(workspace, kind, text);
        setError(null);
        setChecked({ text, draft });
        return diagnosticsOf(draft.problems, editor.state.doc);
      } catch (fault) {
        setError(fault);
        return [];
      }
    };
    const parts: Extension[] = [
      EditorView.updateListener.of((update) => {
        view.current = update.view;
      }),
      linter(check, { delay: 350 }),
      lintGutter(),
      keymap.of(lintKeymap),
    ];
    if (schema.data) {
      const source = documentCompletion(schema.data, () => known.current);
      parts.push(autocompletion({ override: [source], icons: false }), keymap.of(completionKeymap));
    }
    return parts;
  }, [workspace, kind, schema.data]);
  const goTo = (line: number, column: number) => {
    const editor = view.current;
    if (!editor) return;
    const at = editor.state.doc.line(Math.min(line, editor.state.doc.lines));
    editor.dispatch({ selection: { anchor: Math.min(at.to, at.from + column - 1) }, scrollIntoView: true });
    editor.focus();
  };
  return { extensions, checked, error, goTo, again: () => view.current && forceLinting(view.current) };
}
