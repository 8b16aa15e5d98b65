import { describe, expect, it } from "vitest";
import { exampleOf, fieldsOf, firstRow, initialValues, missing, requestOf } from "@/pages/endpoints/test/form";

const columns = {
  required: ["age", "name"],
  properties: {
    age: { type: "integer", format: "int64" },
    bmi: { type: "number", format: "double" },
    name: { type: "string" },
    isNew: { type: "boolean" },
    at: { type: "string", format: "date-time" },
  },
};
const description = { definitions: { ServiceInput: { "x-columns": columns, example: { input_data: [] } } } };
const fields = fieldsOf(description);

describe("the form of a request", () => {
  it("has a field for each column of the model, with its type", () => {
    expect(fields.map(({ name, kind, isRequired }) => [name, kind, isRequired])).toEqual([
      ["age", "integer", true],
      ["bmi", "number", false],
      ["name", "text", true],
      ["isNew", "boolean", false],
      ["at", "date", false],
    ]);
    expect(fieldsOf({ definitions: { ServiceInput: { type: "object" } } })).toEqual([]);
    expect(fieldsOf({})).toEqual([]);
  });

  it.each([
    [
      {
        input_data: {
          columns: ["age", "bmi"],
          index: [0],
          data: [
            [42, 1.5],
            [1, 2],
          ],
        },
      },
    ],
    [{ input_data: [{ age: 42, bmi: 1.5 }] }],
    [{ input_data: { age: [42, 1], bmi: [1.5, 2] } }],
    [[{ age: 42, bmi: 1.5 }]],
  ])("reads the first row of %j", (request) => expect(firstRow(request)).toEqual({ age: 42, bmi: 1.5 }));

  it("begins with the model's own example, else with the description's", () => {
    expect(exampleOf(description, { input_data: [1] })).toEqual({ input_data: [1] });
    expect(exampleOf(description, null)).toEqual({ input_data: [] });
    expect(initialValues(fields, { input_data: [{ age: 3 }] })).toEqual({
      age: 3,
      bmi: "",
      name: "",
      isNew: false,
      at: "",
    });
  });

  it("writes values by their type, and what is empty as missing", () => {
    const values = { age: "42", bmi: "", name: "", isNew: true, at: "2026-01-02" };
    expect(JSON.parse(requestOf(fields, values)).input_data).toEqual({
      columns: ["age", "bmi", "name", "isNew", "at"],
      index: [0],
      data: [[42, null, "", true, "2026-01-02"]],
    });
    expect(missing(fields, values)).toEqual([]);
    expect(missing(fields, { ...values, age: "" })).toEqual(["age"]);
  });
});
