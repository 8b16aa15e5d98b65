/** One fault of a document: where it lies and what was expected. */
export interface Problem {
  message: string;
  path?: string | null;
  line?: number | null;
  column?: number | null;
  expected?: string | null;
  hint?: string | null;
}

/** What the server refuses with: a stable code, a sentence, the way out. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly hint: string | null = null,
    readonly problems: Problem[] = [],
    readonly requestId: string | null = null,
  ) {
    super(message);
    this.name = "ApiError";
  }

  /** Reads the server's error body, whatever it turns out to be. */
  static of(status: number, body: unknown, requestId: string | null): ApiError {
    const error = isRecord(body) && isRecord(body.error) ? body.error : {};
    const problems = Array.isArray(error.problems) ? (error.problems as Problem[]) : [];
    return new ApiError(
      status,
      typeof error.code === "string" ? error.code : `HTTP${status}`,
      typeof error.message === "string" ? error.message : `The server answered ${status}.`,
      typeof error.hint === "string" ? error.hint : null,
      problems,
      requestId,
    );
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
