import type { Messages } from "@/locales/messages";

export const submit: Messages["submit"] = {
  title: "新しいジョブ",
  resubmit: "{{name}} の再送信",
  editor: "ジョブ定義の YAML",
  keys: "Ctrl+Space で補完します。Escape の後に Tab を押すとエディターを離れます。",
  submit: "ジョブを送信",
  template: { label: "テンプレート", command: "コマンド", sweep: "スイープ", pipeline: "パイプライン" },
  check: {
    good: "ジョブ定義に問題はありません",
    problems_one: "{{count}} 件の問題",
    problems_other: "{{count}} 件の問題",
    line: "{{line}} 行目",
    warnings: "受け付けますが、この環境では効果がない設定",
  },
  uploads: {
    title: "手元のファイル",
    text: "ジョブ定義がローカルのパスを参照しています。場所を選択するとアップロードされます。",
    folder: "フォルダーを選択",
    file: "ファイルを選択",
    sending: "アップロード中",
    done_one: "{{count}} 個のファイルをアップロードしました",
    done_other: "{{count}} 個のファイルをアップロードしました",
    first: "先に、参照しているファイルを選択してください。",
    noDigests:
      "このブラウザーからはアップロードできません。HTTPS、またはサーバーと同じマシンでの接続が必要です。`lapis job create -f job.yml` でもアップロードできます。",
  },
};
