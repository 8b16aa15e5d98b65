import type { Access, AccessKind, CredentialField, Field } from "@/components/access/kinds";

const EVERY = [
  "api_key",
  "username_password",
  "pat",
  "account_key",
  "access_key",
  "sas",
  "service_principal",
  "managed_identity",
  "custom_keys",
  "aad",
  "none",
];
const OF_AI = ["api_key", "aad", "custom_keys", "none"];
const OF_DATABASES = [
  "username_password",
  "service_principal",
  "managed_identity",
  "access_key",
  "custom_keys",
  "none",
];
const OF_LAKES = ["service_principal", "managed_identity", "aad", "none"];

const TARGET: Field = { key: "target", isRequired: true };
const FREE_TARGET: Field = { key: "target" };

function at(placeholder: string): Field {
  return { ...TARGET, placeholder };
}

const WEB = at("https://…");
const OF_OPEN_AI = [{ key: "api_version" }, { key: "api_type" }, { key: "open_ai_resource_id" }];
const OF_SERVICES = [WEB, { key: "ai_services_resource_id" }];
const OF_BLOBS = [WEB, { key: "account_name", isRequired: true }, { key: "container_name", isRequired: true }];

/** Type, name, what it asks for, ways in. */
type Row = [type: string, label: string, fields?: Field[], ways?: string[]];

const USUAL: Row[] = [
  ["git", "Git", [at("https://example.org/team/code.git")], ["pat", "username_password", "none"]],
  ["python_feed", "Python feed", [at("https://example.org/simple")], ["username_password", "pat", "none"]],
  ["container_registry", "Container registry", [at("registry.example.org")], ["username_password", "managed_identity"]],
  ["api_key", "API key", [WEB], ["api_key", "custom_keys", "none"]],
  ["custom", "Custom", [WEB], ["custom_keys", ...EVERY.filter((way) => way !== "custom_keys")]],
  ["custom_keys", "Custom keys", [WEB], ["custom_keys"]],
  ["s3", "Amazon S3", [WEB], ["access_key", "none"]],
  ["snowflake", "Snowflake", [at("jdbc:snowflake://…")], OF_DATABASES],
  ["databricks", "Databricks", [WEB], ["pat", ...EVERY.filter((way) => way !== "pat")]],
  ["feature_store", "Feature store", [TARGET], EVERY],
];

const AI: Row[] = [
  ["open_ai", "OpenAI", [{ ...FREE_TARGET, placeholder: "https://api.openai.com/v1" }], OF_AI],
  ["azure_open_ai", "Azure OpenAI", [WEB, ...OF_OPEN_AI], OF_AI],
  ["azure_ai_services", "Azure AI services", OF_SERVICES, OF_AI],
  ["ai_services", "AI services", OF_SERVICES, OF_AI],
  ["azure_ai_search", "Azure AI Search", [WEB], OF_AI],
  ["cognitive_search", "Cognitive Search", [WEB], OF_AI],
  ["cognitive_service", "Cognitive Services", [WEB], OF_AI],
  ["azure_content_safety", "Azure AI Content Safety", [WEB], OF_AI],
  ["azure_speech_services", "Azure AI Speech", [WEB], OF_AI],
  ["serverless", "Serverless endpoint", [WEB], OF_AI],
  ["serp", "Serp", [FREE_TARGET], OF_AI],
  ["pinecone", "Pinecone", [WEB], OF_AI],
];

const AZURE: Row[] = [
  ["azure_blob", "Azure Blob Storage", OF_BLOBS, ["account_key", "sas", "access_key", "aad", "none"]],
  ["azure_data_lake_gen2", "Azure Data Lake Storage Gen2", [WEB], OF_LAKES],
  ["adls_gen2", "ADLS Gen2", [WEB], OF_LAKES],
  [
    "azure_one_lake",
    "Microsoft OneLake",
    [WEB, { key: "one_lake_workspace_name" }],
    ["service_principal", "aad", "none"],
  ],
  ["azure_storage_account", "Azure Storage account", [WEB], EVERY],
  ["azure_table_storage", "Azure Table Storage", [WEB], EVERY],
  ["azure_key_vault", "Azure Key Vault", [WEB], EVERY],
  ["azure_container_app_environment", "Azure Container Apps environment", [WEB], EVERY],
];

const DATABASES: Row[] = (
  [
    ["azure_sql_db", "Azure SQL Database"],
    ["azure_sql_mi", "Azure SQL Managed Instance"],
    ["azure_synapse_analytics", "Azure Synapse Analytics"],
    ["azure_my_sql_db", "Azure Database for MySQL"],
    ["azure_maria_db", "Azure Database for MariaDB"],
    ["azure_postgres_db", "Azure Database for PostgreSQL"],
    ["azure_data_explorer", "Azure Data Explorer"],
    ["azure_databricks_delta_lake", "Azure Databricks Delta Lake"],
    ["cosmos_db", "Cosmos DB"],
    ["cosmos_db_mongo_db_api", "Cosmos DB (MongoDB API)"],
    ["amazon_rds_for_oracle", "Amazon RDS for Oracle"],
    ["amazon_rds_for_sql_server", "Amazon RDS for SQL Server"],
    ["amazon_redshift", "Amazon Redshift"],
    ["db2", "Db2"],
    ["drill", "Drill"],
    ["google_big_query", "Google BigQuery"],
    ["greenplum", "Greenplum"],
    ["hbase", "HBase"],
    ["hive", "Hive"],
    ["impala", "Impala"],
    ["informix", "Informix"],
    ["maria_db", "MariaDB"],
    ["microsoft_access", "Microsoft Access"],
    ["my_sql", "MySQL"],
    ["netezza", "Netezza"],
    ["oracle", "Oracle"],
    ["phoenix", "Phoenix"],
    ["postgre_sql", "PostgreSQL"],
    ["presto", "Presto"],
    ["redis", "Redis"],
    ["sap_bw", "SAP BW"],
    ["sap_hana", "SAP HANA"],
    ["sap_open_hub", "SAP Open Hub"],
    ["sap_table", "SAP Table"],
    ["spark", "Spark"],
    ["sql_server", "SQL Server"],
    ["sybase", "Sybase"],
    ["teradata", "Teradata"],
    ["vertica", "Vertica"],
  ] as Row[]
).map(([type, label]): Row => [type, label, [TARGET], OF_DATABASES]);

const SECRET = (key: string): CredentialField => ({ key, isSecret: true });

const KINDS = [...USUAL, ...AI, ...AZURE, ...DATABASES].map(
  ([type, label, fields = [TARGET], ways = EVERY]): AccessKind => ({ type, label, fields, ways }),
);

/** The types of connections that can be made, those in use everywhere first, each with what it asks for. */
export const connectionAccess: Access = {
  kinds: KINDS,
  ways: {
    none: [],
    aad: [],
    pat: [SECRET("pat")],
    sas: [SECRET("sas_token")],
    username_password: [{ key: "username" }, SECRET("password")],
    managed_identity: [
      { key: "client_id", isOptional: true },
      { key: "resource_id", isOptional: true },
    ],
    service_principal: [{ key: "tenant_id" }, { key: "client_id" }, SECRET("client_secret")],
    access_key: [SECRET("access_key_id"), SECRET("secret_access_key")],
    api_key: [SECRET("key")],
    account_key: [SECRET("account_key")],
    custom_keys: [{ key: "keys", isSecret: true, isMapping: true }],
  },
  saysWay: true,
  hasMetadata: true,
};
