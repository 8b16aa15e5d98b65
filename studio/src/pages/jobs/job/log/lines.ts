/** Lines that are fetched together. */
export const CHUNK = 500;

const MOST_CHUNKS = 200;
const LONGEST_PART = 65_536;

/** The lines of a log that are at hand: some whole chunks, and the last one, which grows. */
export class Lines {
  /** How many whole lines the log has. */
  total = 0;
  /** The beginning of a line that is not at its end yet. */
  partial = "";
  private chunks = new Map<number, string[]>();

  /** How many lines there are to show. */
  get count(): number {
    return this.total + (this.partial ? 1 : 0);
  }

  /** Begins anew at a known length; whole chunks stay, for lines never change. */
  restart(total: number): void {
    for (const [number, lines] of this.chunks) {
      if (lines.length < CHUNK || total < this.total) this.chunks.delete(number);
    }
    this.total = total;
    this.partial = "";
  }

  /** A line, or undefined when it has to be fetched. */
  at(line: number): string | undefined {
    if (line === this.total) return this.partial;
    return this.chunks.get(Math.floor(line / CHUNK))?.[line % CHUNK];
  }

  /** The numbers of the chunks that lines from `first` to before `end` need and that are not at hand. */
  missing(first: number, end: number): number[] {
    const found = [];
    for (let chunk = Math.floor(first / CHUNK); chunk * CHUNK < Math.min(end, this.total); chunk++) {
      const wanted = Math.min(CHUNK, this.total - chunk * CHUNK);
      if ((this.chunks.get(chunk)?.length ?? 0) < wanted) found.push(chunk);
    }
    return found;
  }

  /** Takes a chunk that was fetched; what came meanwhile at its end stays. */
  put(chunk: number, lines: string[]): void {
    const known = this.chunks.get(chunk) ?? [];
    this.chunks.delete(chunk);
    this.chunks.set(chunk, known.length > lines.length ? known : lines);
    this.evict();
  }

  /** Takes text that follows what there is. */
  append(text: string): void {
    const pieces = (this.partial + text).split("\n");
    const last = pieces.pop() ?? "";
    this.partial = last.length > LONGEST_PART ? last.slice(last.lastIndexOf("\r") + 1).slice(-LONGEST_PART) : last;
    for (const piece of pieces) this.push(piece);
    this.evict();
  }

  private push(line: string): void {
    const number = Math.floor(this.total / CHUNK);
    const chunk = this.chunks.get(number) ?? [];
    if (chunk.length === this.total % CHUNK) {
      chunk.push(line);
      this.chunks.set(number, chunk);
    }
    this.total += 1;
  }

  /** Lets go of the chunks that came first, never of the one that grows. */
  private evict(): void {
    const growing = Math.floor(this.total / CHUNK);
    for (const number of this.chunks.keys()) {
      if (this.chunks.size <= MOST_CHUNKS) return;
      if (number !== growing) this.chunks.delete(number);
    }
  }
}
