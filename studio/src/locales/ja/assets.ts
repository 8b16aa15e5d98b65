import type { Messages } from "@/locales/messages";

export const assets: Messages["assets"] = {
  archiveQuestion:
    "「{{name}}」のバージョン {{version}} を一覧に表示しないようにします。このバージョンを指定しているものは引き続き利用できます。",
  deleteQuestion: "「{{name}}」のバージョン {{version}} を完全に削除します。このバージョンを使用したジョブは残ります。",
  newVersion: "新しいバージョン",
};
