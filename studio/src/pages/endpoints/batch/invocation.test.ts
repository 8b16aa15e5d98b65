import { expect, it } from "vitest";
import { invocationOf, NOTHING } from "@/pages/endpoints/batch/invocation";

it("asks for what the form says", () => {
  expect(invocationOf({ ...NOTHING, path: " azureml:d:1 ", type: "uri_file", deployment: "blue" })).toEqual({
    deployment_name: "blue",
    inputs: { input_data: { type: "uri_file", path: "azureml:d:1" } },
  });
});

it("adds further parameters, and inputs of a pipeline beside the form's", () => {
  const more = "mini_batch_size: 5\ninputs:\n  rate: 0.1\n";
  expect(invocationOf({ ...NOTHING, path: "x", experiment: "e", more })).toEqual({
    experiment_name: "e",
    mini_batch_size: 5,
    inputs: { input_data: { type: "uri_folder", path: "x" }, rate: 0.1 },
  });
  expect(() => invocationOf({ ...NOTHING, more: "- a" })).toThrow();
});
