import { expect, it } from "vitest";
import { documentOf, draftOf, isKept, wayOf } from "@/components/access/document";
import { connectionAccess as connections } from "@/pages/connections/access";
import { datastoreAccess } from "@/pages/datastores/access";

const datastores = datastoreAccess("Folder");

it("writes a new datastore with what its type asks for alone", () => {
  const draft = {
    ...draftOf(datastores),
    name: " lake ",
    fields: { account_name: "acc", container_name: "c", bucket: "of another type", endpoint: " " },
    credentials: { account_key: "a2V5", sas_token: "of another way" },
  };
  expect(documentOf(datastores, draft)).toEqual({
    name: "lake",
    type: "azure_blob",
    account_name: "acc",
    container_name: "c",
    credentials: { account_key: "a2V5" },
  });
  expect(documentOf(datastores, { ...draft, way: "none" })).not.toHaveProperty("credentials");
});

it("changes what is written and keeps secrets, and what the form does not know", () => {
  const before = {
    name: "lake",
    id: "x",
    is_default: false,
    type: "azure_data_lake_gen2",
    account_name: "acc",
    filesystem: "fs",
    tags: { team: "blue" },
    description: "old",
    credentials: { tenant_id: "t", client_id: "c", client_secret: "***" },
    creation_context: {},
  };
  const draft = draftOf(datastores, before);
  expect(draft.way).toBe("service_principal");
  expect(draft.credentials.client_secret).toBe("");
  expect(isKept(before, "service_principal", datastores, "client_secret")).toBe(true);
  expect(isKept(before, "account_key", datastores, "account_key")).toBe(false);
  const made = documentOf(
    datastores,
    { ...draft, description: "", fields: { ...draft.fields, filesystem: "new" } },
    before,
  );
  expect(made).toEqual({
    name: "lake",
    type: "azure_data_lake_gen2",
    account_name: "acc",
    filesystem: "new",
    tags: { team: "blue" },
    credentials: { tenant_id: "t", client_id: "c", client_secret: "***" },
  });
});

it("keeps the way in which a connection says its address and its key", () => {
  const before = { name: "ai", type: "azure_open_ai", azure_endpoint: "https://a", api_key: "***", api_version: "1" };
  expect(wayOf(connections, before)).toBe("api_key");
  const draft = draftOf(connections, before);
  expect(documentOf(connections, draft, before)).toEqual(before);
  const changed = { ...draft, fields: { ...draft.fields, target: "https://b" }, credentials: { key: "new" } };
  expect(documentOf(connections, changed, before)).toMatchObject({ azure_endpoint: "https://b", api_key: "new" });
});

it("changes some of many keys, and leaves metadata that are no texts as they are", () => {
  const before = {
    name: "c",
    type: "custom",
    target: "https://c",
    credentials: { type: "custom_keys", keys: { one: "***", two: "***" } },
    metadata: { zone: "eu", deep: { a: 1 } },
  };
  const draft = draftOf(connections, before);
  expect(draft.keys.map(({ key, isKept: kept }) => [key, kept])).toEqual([
    ["one", true],
    ["two", true],
  ]);
  const keys = [...draft.keys.slice(1), { id: 9, key: "three", value: "s" }];
  const made = documentOf(connections, { ...draft, keys }, before);
  expect(made.credentials).toEqual({ type: "custom_keys", keys: { two: "***", three: "s" } });
  expect(made.metadata).toEqual({ zone: "eu", deep: { a: 1 } });
});
