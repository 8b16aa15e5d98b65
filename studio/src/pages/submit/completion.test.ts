import { type Completion, CompletionContext } from "@codemirror/autocomplete";
import { EditorState } from "@codemirror/state";
import { expect, it } from "vitest";
import type { Schema } from "@/api/drafts";
import { documentCompletion } from "@/pages/submit/completion";

const SCHEMA: Schema = {
  anyOf: [{ $ref: "#/$defs/CommandJob" }, { $ref: "#/$defs/SweepJob" }],
  $defs: {
    CommandJob: {
      type: "object",
      required: ["command"],
      properties: {
        type: { type: "string", enum: ["command"] },
        command: { type: "string", description: "what bash runs" },
        compute: { anyOf: [{ type: "string" }, { type: "null" }] },
        inputs: { anyOf: [{ type: "object", additionalProperties: { $ref: "#/$defs/Input" } }, { type: "null" }] },
      },
    },
    SweepJob: {
      type: "object",
      properties: { type: { type: "string", enum: ["sweep"] }, trial: { type: "object" } },
    },
    Input: { type: "object", properties: { type: { enum: ["uri_file", "uri_folder"] }, path: { type: "string" } } },
  },
};

async function complete(text: string): Promise<Completion[]> {
  const offset = text.indexOf("|");
  const state = EditorState.create({ doc: text.replace("|", "") });
  const source = documentCompletion(SCHEMA, () => ({ compute: ["local", "cpu-cluster"] }));
  const found = await source(new CompletionContext(state, offset, true));
  return [...(found?.options ?? [])];
}

const labels = async (text: string) => (await complete(text)).map(({ label }) => label);

it("offers the keys of the document's type that are not there yet", async () => {
  expect(await labels("type: command\ncommand: x\nc|")).toEqual(["compute", "inputs"]);
  expect(await labels("type: sweep\n|")).toEqual(["trial"]);
});

it("offers what may stand below a key that people name themselves", async () => {
  expect(await labels("type: command\ninputs:\n  data:\n    |")).toEqual(["type", "path"]);
  expect(await labels("type: command\ninputs:\n  data:\n    type: |")).toEqual(["uri_file", "uri_folder"]);
});

it("offers every type, and the names that the workspace has", async () => {
  expect(await labels("type: |")).toEqual(["command", "sweep"]);
  expect(await labels("type: command\ncompute: |")).toEqual(["local", "cpu-cluster"]);
});

it("opens a block where one belongs, indented as the line is", async () => {
  const found = await complete("type: command\nin|");
  expect(found.find(({ label }) => label === "inputs")?.apply).toBe("inputs:\n  ");
});
