import type { Messages } from "@/locales/messages";

export const lineage: Messages["lineage"] = {
  title: "リネージ",
  graph: {
    node: "Enter キーでノードを選択します。",
    controls: "グラフの表示操作",
    zoomIn: "拡大",
    zoomOut: "縮小",
    fit: "グラフ全体を表示",
    map: "グラフの全体図",
  },
};
