import { parse } from "yaml";
import type { Invocation } from "@/api/batch";

/** What the form of an invocation holds. */
export interface Asked {
  deployment: string;
  type: string;
  path: string;
  experiment: string;
  /** Further parameters, YAML. */
  more: string;
}

export const NOTHING: Asked = { deployment: "", type: "uri_folder", path: "", experiment: "", more: "" };

/** Makes the request: the form's input and what the further parameters add or replace.
 *
 * @throws Error when the further parameters are no YAML mapping; its message is the reason.
 */
export function invocationOf(asked: Asked): Invocation {
  const more = asked.more.trim() ? readMapping(asked.more) : {};
  const inputs = asked.path.trim() ? { input_data: { type: asked.type, path: asked.path.trim() } } : {};
  return {
    ...(asked.deployment ? { deployment_name: asked.deployment } : {}),
    ...(asked.experiment.trim() ? { experiment_name: asked.experiment.trim() } : {}),
    ...more,
    inputs: { ...inputs, ...(more.inputs as Record<string, unknown> | undefined) },
  };
}

function readMapping(text: string): Record<string, unknown> {
  const found: unknown = parse(text);
  if (typeof found !== "object" || found === null || Array.isArray(found)) throw new Error(text.slice(0, 80));
  return found as Record<string, unknown>;
}
