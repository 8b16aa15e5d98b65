/** What is shown of one output of a cell. */
export type Output =
  | { kind: "text" | "error"; text: string }
  | { kind: "markdown"; text: string }
  | { kind: "image"; address: string }
  | { kind: "withheld"; what: string; text: string };

/** One cell of a notebook. */
export interface Cell {
  kind: "code" | "markdown" | "raw";
  source: string;
  count: number | null;
  outputs: Output[];
}

const IMAGES = ["image/png", "image/jpeg", "image/gif", "image/webp"];
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences of terminals begin with one
const ESCAPES = /\u001b\[[0-9;?]*[ -/]*[@-~]/g;

/** Reads the cells of a notebook (nbformat 4).
 *
 * @throws Error when the text is no notebook.
 */
export function readNotebook(text: string): { language: string; cells: Cell[] } {
  const book: unknown = JSON.parse(text);
  if (!isRecord(book) || !Array.isArray(book.cells)) throw new Error("The file holds no cells.");
  const info = isRecord(book.metadata) && isRecord(book.metadata.language_info) ? book.metadata.language_info : {};
  const cells = book.cells.filter(isRecord).map(readCell);
  return { language: typeof info.name === "string" ? info.name : "python", cells };
}

function readCell(cell: Record<string, unknown>): Cell {
  const kind = cell.cell_type === "code" || cell.cell_type === "markdown" ? cell.cell_type : "raw";
  const outputs = Array.isArray(cell.outputs) ? cell.outputs.filter(isRecord).map(readOutput) : [];
  const count = typeof cell.execution_count === "number" ? cell.execution_count : null;
  return { kind, source: joined(cell.source), count, outputs };
}

function readOutput(output: Record<string, unknown>): Output {
  if (output.output_type === "stream") return { kind: "text", text: plain(joined(output.text)) };
  if (output.output_type === "error") {
    const trace = Array.isArray(output.traceback) ? output.traceback.join("\n") : "";
    return { kind: "error", text: plain(trace || `${String(output.ename)}: ${String(output.evalue)}`) };
  }
  return readData(isRecord(output.data) ? output.data : {});
}

/** Chooses the richest form that can do nothing. */
function readData(data: Record<string, unknown>): Output {
  const image = IMAGES.find((type) => typeof data[type] === "string" || Array.isArray(data[type]));
  if (image) return { kind: "image", address: `data:${image};base64,${joined(data[image]).replace(/\s/g, "")}` };
  if (data["image/svg+xml"]) {
    return { kind: "image", address: `data:image/svg+xml,${encodeURIComponent(joined(data["image/svg+xml"]))}` };
  }
  if (data["text/markdown"]) return { kind: "markdown", text: joined(data["text/markdown"]) };
  const text = plain(joined(data["text/plain"]));
  const withheld = Object.keys(data).find((type) => type === "text/html" || type.startsWith("application/"));
  return withheld ? { kind: "withheld", what: withheld, text } : { kind: "text", text };
}

function joined(value: unknown): string {
  return Array.isArray(value) ? value.join("") : typeof value === "string" ? value : "";
}

function plain(text: string): string {
  return text.replace(ESCAPES, "");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
