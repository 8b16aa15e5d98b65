/** How a file is shown. */
export type FileKind = "image" | "svg" | "table" | "notebook" | "markdown" | "html" | "pdf" | "text" | "unknown";

const KINDS: Record<string, FileKind> = {
  apng: "image",
  avif: "image",
  bmp: "image",
  gif: "image",
  jpeg: "image",
  jpg: "image",
  png: "image",
  webp: "image",
  svg: "svg",
  csv: "table",
  tsv: "table",
  parquet: "table",
  pq: "table",
  jsonl: "table",
  ndjson: "table",
  ipynb: "notebook",
  md: "markdown",
  markdown: "markdown",
  htm: "html",
  html: "html",
  pdf: "pdf",
  py: "text",
  txt: "text",
  log: "text",
  json: "text",
  yaml: "text",
  yml: "text",
  toml: "text",
  cfg: "text",
  ini: "text",
  sh: "text",
  lock: "text",
};

const MIME: Record<string, string> = {
  apng: "image/apng",
  avif: "image/avif",
  bmp: "image/bmp",
  gif: "image/gif",
  jpeg: "image/jpeg",
  jpg: "image/jpeg",
  png: "image/png",
  svg: "image/svg+xml",
  webp: "image/webp",
};

function ending(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1).toLowerCase();
}

/** Says by its name how a file is shown; what is unknown is looked into. */
export function kindOf(name: string): FileKind {
  return name === "MLmodel" ? "text" : (KINDS[ending(name)] ?? "unknown");
}

/** The type of an image, which alone decides how the browser reads its bytes. */
export function imageType(name: string): string {
  return MIME[ending(name)] ?? "image/png";
}

/** Whether a kind can be looked at as its source text too. */
export function hasSource(kind: FileKind, name: string): boolean {
  if (kind === "table") return !/\.(parquet|pq)$/i.test(name);
  return kind === "svg" || kind === "notebook" || kind === "markdown" || kind === "html";
}

/** Whether bytes are no text: text holds no NUL. */
export function isBinary(bytes: Uint8Array): boolean {
  return bytes.subarray(0, 8192).includes(0);
}

/** Writes bytes as an editor of bytes shows them: offset, 16 values, and what they are as ASCII. */
export function hexLines(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const part = [...bytes.subarray(at, at + 16)];
    const values = part.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const letters = part.map((byte) => (byte > 31 && byte < 127 ? String.fromCharCode(byte) : ".")).join("");
    lines.push(`${at.toString(16).padStart(8, "0")}  ${values.padEnd(47)}  ${letters}`);
  }
  return lines.join("\n");
}

/** Where to cut a part of a file so that it ends with a line, or else with a whole letter of UTF-8. */
export function cutAtLine(bytes: Uint8Array): number {
  const line = bytes.lastIndexOf(10);
  if (line >= 0) return line + 1;
  let end = bytes.length;
  while (end > 0 && ((bytes[end - 1] ?? 0) & 0xc0) === 0x80) end -= 1;
  return end > 1 ? end - 1 : bytes.length;
}
