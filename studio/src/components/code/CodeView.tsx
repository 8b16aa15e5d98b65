import { CodeEditor } from "@/components/code/CodeEditor";

/** A text to read, with line numbers and the colours of its language. */
export function CodeView({ text, name, label }: { text: string; name: string; label: string }) {
  return <CodeEditor value={text} name={name} label={label} />;
}
