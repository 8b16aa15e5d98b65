import type { Messages } from "@/locales/messages";

export const connections: Messages["connections"] = {
  title: "接続",
  new: "新しい接続",
  edit: "編集",
  editTitle: "接続 {{name}} の編集",
  list: "接続一覧",
  target: "接続先",
  authentication: "認証方法",
  metadata: "メタデータ",
  masked: "暗号化して保存 (表示されません)",
  deleteQuestion: "接続「{{name}}」とそのシークレットを削除します。",
  empty: {
    title: "接続はまだありません",
    text: "接続には、ジョブが利用するサービス (Git サーバー、パッケージフィード、レジストリ、ストレージなど) のアドレスとシークレットを保存します。",
  },
};
