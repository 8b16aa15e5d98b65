import { expect, it } from "vitest";
import { placeOf } from "@/lib/reference";

it.each([
  ["azureml:diabetes:3", ["data", "diabetes", "3"]],
  ["azureml:diabetes@latest", ["data", "diabetes"]],
  ["azureml://jobs/quiet_owl/outputs/model/paths/x", ["jobs", "quiet_owl"]],
  ["azureml://subscriptions/s/resourcegroups/g/workspaces/w/jobs/j", ["jobs", "j"]],
  ["azureml://locations/l/workspaces/w/models/m/versions/2", ["models", "m", "2"]],
  ["runs:/abc/model", ["jobs", "abc"]],
  ["azureml://datastores/workspaceblobstore/paths/a.csv", null],
  ["azureml://registries/r/models/m/versions/2", null],
  ["https://example.com/a.csv", null],
  ["./local", null],
])("%s leads to %j", (reference, place) => expect(placeOf(reference)).toEqual(place));
