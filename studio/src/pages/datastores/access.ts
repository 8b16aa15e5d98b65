import type { Access, AccessKind, CredentialField } from "@/components/access/kinds";

const SECRET = (key: string): CredentialField => ({ key, isSecret: true });
const OPTIONAL = (key: string): CredentialField => ({ key, isOptional: true });
const PRINCIPAL: CredentialField[] = [{ key: "tenant_id" }, { key: "client_id" }];
const ADDRESSES = [OPTIONAL("authority_url"), OPTIONAL("resource_url")];

const STORAGE = ["account_key", "sas_token", "service_principal", "certificate", "none"];
const LAKE = ["service_principal", "account_key", "certificate", "none"];
const ACCOUNT = { key: "account_name", isRequired: true };
const SUFFIX = [
  { key: "endpoint", placeholder: "core.windows.net" },
  { key: "protocol", placeholder: "https" },
];

const KINDS: AccessKind[] = [
  {
    type: "azure_blob",
    label: "Azure Blob Storage",
    fields: [ACCOUNT, { key: "container_name", isRequired: true }, ...SUFFIX],
    ways: STORAGE,
  },
  {
    type: "azure_data_lake_gen2",
    label: "Azure Data Lake Storage Gen2",
    fields: [ACCOUNT, { key: "filesystem", isRequired: true }, ...SUFFIX],
    ways: LAKE,
  },
  {
    type: "azure_file",
    label: "Azure Files",
    fields: [ACCOUNT, { key: "file_share_name", isRequired: true }, ...SUFFIX],
    ways: STORAGE,
  },
  {
    type: "azure_data_lake_gen1",
    label: "Azure Data Lake Storage Gen1",
    fields: [{ key: "store_name", isRequired: true }],
    ways: ["service_principal", "certificate", "none"],
  },
  {
    type: "s3",
    label: "S3",
    fields: [
      { key: "bucket", isRequired: true },
      { key: "prefix" },
      { key: "endpoint", placeholder: "https://s3.example.org" },
      { key: "region" },
    ],
    ways: ["access_key", "none"],
  },
  {
    type: "gcs",
    label: "Google Cloud Storage",
    fields: [{ key: "bucket", isRequired: true }, { key: "prefix" }],
    ways: ["service_account", "none"],
  },
  {
    type: "hdfs",
    label: "HDFS",
    fields: [{ key: "host", isRequired: true }, { key: "port", isNumber: true }, { key: "prefix" }],
    ways: [],
  },
  { type: "local", label: "", fields: [{ key: "path", placeholder: "/srv/data" }], ways: [] },
];

/** The types of datastores that can be made, each with what it asks for; `local` is what a server's folder is called. */
export function datastoreAccess(local: string): Access {
  return {
    kinds: KINDS.map((kind) => (kind.type === "local" ? { ...kind, label: local } : kind)),
    ways: {
      none: [],
      account_key: [SECRET("account_key")],
      sas_token: [SECRET("sas_token")],
      service_principal: [...PRINCIPAL, SECRET("client_secret"), ...ADDRESSES],
      certificate: [
        ...PRINCIPAL,
        SECRET("thumbprint"),
        { key: "certificate", isSecret: true, isOptional: true, isLong: true },
        ...ADDRESSES,
      ],
      access_key: [
        SECRET("access_key_id"),
        SECRET("secret_access_key"),
        { key: "session_token", isSecret: true, isOptional: true },
      ],
      service_account: [{ key: "service_account_key", isSecret: true, isLong: true }],
    },
    saysWay: false,
  };
}
