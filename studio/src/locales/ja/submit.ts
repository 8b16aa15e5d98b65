import type { Messages } from "@/locales/messages";

export const submit: Messages["submit"] = {
  title: "新しいジョブ",
  resubmit: "{{name}} の再送信",
  editor: {
    job: "ジョブ定義の YAML",
    environment: "環境定義の YAML",
    component: "コンポーネント定義の YAML",
    schedule: "スケジュール定義の YAML",
  },
  new: {
    environment: "新しい環境",
    component: "新しいコンポーネント",
    schedule: "新しいスケジュール",
    version: "{{name}} の新しいバージョン",
    edit: "{{name}} の編集",
  },
  keys: "Ctrl+Space で補完します。Escape の後に Tab を押すとエディターを離れます。",
  submit: {
    job: "ジョブを送信",
    environment: "環境を作成",
    component: "コンポーネントを作成",
    schedule: "スケジュールを作成",
  },
  replace: "保存",
  taken: "スケジュール「{{name}}」は既に存在します。",
  template: { label: "テンプレート", command: "コマンド", sweep: "スイープ", pipeline: "パイプライン" },
  check: {
    good: "定義に問題はありません",
    problems_one: "{{count}} 件の問題",
    problems_other: "{{count}} 件の問題",
    line: "{{line}} 行目",
    warnings: "受け付けますが、この環境では効果がない設定",
  },
  uploads: {
    title: "手元のファイル",
    text: "定義がローカルのパスを参照しています。場所を選択するとアップロードされます。",
    folder: "フォルダーを選択",
    file: "ファイルを選択",
    sending: "アップロード中",
    done_one: "{{count}} 個のファイルをアップロードしました",
    done_other: "{{count}} 個のファイルをアップロードしました",
    first: "先に、参照しているファイルを選択してください。",
  },
};
