import type { Messages } from "@/locales/messages";

export const compute: Messages["compute"] = {
  title: "コンピューティング",
  list: "コンピューティング一覧",
  nodes: "ノード",
  node: "ノード",
  slots: "実行中のジョブ",
  size: "サイズ",
  state: "状態",
  queue: "待機中のジョブ",
  emptyTitle: "コンピューティングはまだありません",
  emptyText: "ジョブはコンピューティング上で実行されます。`local` は常に利用できます。クラスターでは同時に実行する数を制限できます。",
  start: "開始",
  stop: "停止",
};
