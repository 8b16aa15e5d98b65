import { ApiError } from "@/api/errors";
import { CHUNK, Lines } from "@/pages/jobs/job/log/lines";
import { type Connection, connect, readWindow } from "@/pages/jobs/job/log/reading";

/** What a page shows of a log. */
export interface LogState {
  /** Changes with every change. */
  version: number;
  /** The share of the log whose lines are counted, 0 to 1. */
  counted: number;
  isLost: boolean;
  /** The job is over, and all of the log is known. */
  isEnded: boolean;
}

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 10_000;

/** One log of a job: fetches the lines that are looked at, and follows the end while the page is in sight. */
export class LogStore {
  readonly lines = new Lines();
  private state: LogState = { version: 0, counted: 0, isLost: false, isEnded: false };
  private watchers = new Set<() => void>();
  private wanted = new Set<number>();
  private connection: Connection | null = null;
  private pause = FIRST_PAUSE_MS;
  private frame = 0;

  /** @param address of the job's logs: `…/jobs/<name>/logs`. */
  constructor(
    readonly address: string,
    readonly path: string,
  ) {}

  /** Begins to follow, and goes on until the function that it gives is called. */
  open = (): (() => void) => {
    const turn = () => (document.hidden ? this.leave() : this.join());
    document.addEventListener("visibilitychange", turn);
    turn();
    return () => {
      document.removeEventListener("visibilitychange", turn);
      this.leave();
      cancelAnimationFrame(this.frame);
    };
  };

  subscribe = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };

  snapshot = (): LogState => this.state;

  /** Fetches what is missing of some lines. */
  want(first: number, end: number): void {
    for (const chunk of this.lines.missing(first, end)) {
      if (!this.wanted.has(chunk)) void this.fetchChunk(chunk);
    }
  }

  private async fetchChunk(chunk: number): Promise<void> {
    this.wanted.add(chunk);
    try {
      const window = await readWindow(this.address, this.path, chunk * CHUNK, CHUNK);
      this.lines.put(chunk, window.value);
      this.tell({});
    } catch {
      // the connection says that it is lost; the next look asks again
    } finally {
      this.wanted.delete(chunk);
    }
  }

  private join(): void {
    if (this.connection || this.state.isEnded) return;
    const connection = connect();
    this.connection = connection;
    this.follow(connection).catch(() => {
      if (this.connection !== connection) return;
      this.tell({ isLost: true });
      this.connection = null;
      setTimeout(() => !document.hidden && this.watchers.size > 0 && this.join(), this.pause);
      this.pause = Math.min(LONGEST_PAUSE_MS, this.pause * 2);
    });
  }

  private leave(): void {
    this.connection?.close();
    this.connection = null;
  }

  /** Counts the lines that are there, then takes what comes until the job is over. */
  private async follow(connection: Connection): Promise<void> {
    const end = await this.count(connection);
    this.want(Math.max(0, this.lines.total - CHUNK), this.lines.total);
    for await (const message of connection.messages(this.address, this.path, end)) {
      this.pause = FIRST_PAUSE_MS;
      if (message.log) this.lines.append(message.log);
      if (message.log || this.state.isLost) this.tell({ isLost: false });
      if (message.end) {
        this.connection = null;
        this.tell({ isEnded: true, isLost: false });
        return;
      }
    }
    throw new Error("the stream was cut");
  }

  private async count(connection: Connection): Promise<number> {
    while (!connection.signal.aborted) {
      try {
        const window = await readWindow(this.address, this.path, 0, 0, connection.signal);
        this.lines.restart(window.total);
        this.tell({ counted: window.is_whole ? 1 : window.end / Math.max(1, window.size), isLost: false });
        if (window.is_whole) return window.end;
      } catch (error) {
        if (!(error instanceof ApiError && error.status === 404)) throw error;
        this.lines.restart(0);
        this.tell({ counted: 1, isLost: false });
        return 0;
      }
    }
    throw new Error("the page left");
  }

  /** Tells the page, at most once a frame. */
  private tell(change: Partial<LogState>): void {
    this.state = { ...this.state, ...change, version: this.state.version + 1 };
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      for (const watcher of this.watchers) watcher();
    });
  }
}
