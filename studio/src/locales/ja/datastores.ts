import type { Messages } from "@/locales/messages";

export const datastores: Messages["datastores"] = {
  title: "データストア",
  list: "データストア一覧",
  isDefault: "既定",
  makeDefault: "既定に設定",
  makeDefaultQuestion: "データストアが指定されていない場合に「{{name}}」を使用します。",
  place: "場所",
  credentials: "資格情報",
  masked: "暗号化して保存 (表示されません)",
  noCredentials: "なし",
  files: "{{name}} のファイル",
  tab: { files: "ファイル" },
  type: {
    local: "サーバー上のフォルダー",
    azure_blob: "Azure Blob Storage",
    azure_file: "Azure Files",
    azure_data_lake_gen2: "Azure Data Lake Storage Gen2",
    azure_data_lake_gen1: "Azure Data Lake Storage Gen1",
    s3: "S3",
    gcs: "Google Cloud Storage",
    hdfs: "HDFS",
    one_lake: "OneLake",
  },
};
