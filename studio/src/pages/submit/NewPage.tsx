import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useParams, useSearchParams } from "react-router";
import { stringify } from "yaml";
import type { DocumentKind } from "@/api/drafts";
import { itemKey } from "@/api/keys";
import { nativeAddress, read } from "@/api/native";
import { NotFound } from "@/app/NotFound";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";
import { PageHeader } from "@/components/PageHeader";
import { path, useWorkspace } from "@/lib/workspace";
import { BEGINNINGS } from "@/pages/submit/templates";
import { Writing } from "@/pages/submit/Writing";

type Kind = Exclude<DocumentKind, "job">;

const NOUNS = { environment: "environments", component: "components", schedule: "schedules" } as const;

/** Keys that stand around a document, and those that a new version gets anew. */
const AROUND = new Set(
  (
    "id creation_context archived aliases stage job_name properties latest_version " +
    "is_enabled provisioning_state next_fire_times last_firings"
  ).split(" "),
);

/** A new environment, component or schedule: its document is written here, or begun from one that is there. */
export function Component() {
  const { kind = "" } = useParams();
  return kind in NOUNS ? <New key={kind} kind={kind as Kind} /> : <NotFound />;
}

function New({ kind }: { kind: Kind }) {
  const { t } = useTranslation(["submit", "environments", "components", "schedules"]);
  const workspace = useWorkspace();
  const [params] = useSearchParams();
  const [name = "", version = ""] = (params.get("from") ?? "").split(":");
  const found = useFrom(workspace, kind, name, version);
  const isEdit = name !== "" && kind === "schedule";
  const title = name ? t(isEdit ? "new.edit" : "new.version", { name }) : t(`new.${kind}`);
  const noun = NOUNS[kind];
  const crumb = { label: t(`${noun}:title`), to: path(workspace, noun) };
  return (
    <>
      <PageHeader title={title} crumbs={[crumb]} />
      {name && found.isPending && <Loading />}
      {name && found.error && <ErrorBox error={found.error} retry={() => void found.refetch()} />}
      {name && found.data && <Writing workspace={workspace} kind={kind} begin={found.data} replaces={isEdit} />}
      {!name && <Writing workspace={workspace} kind={kind} begin={BEGINNINGS[kind]} />}
    </>
  );
}

/** The document that another one begins from; it is read once, so that news do not overwrite what is written. */
function useFrom(workspace: string, kind: Kind, name: string, version: string) {
  const rest = kind === "schedule" ? [] : ["versions", version];
  return useQuery({
    queryKey: itemKey(workspace, NOUNS[kind], name, "to write", version),
    queryFn: async () => {
      const document = await read<Record<string, unknown>>(nativeAddress(workspace, NOUNS[kind], name, ...rest));
      const kept = Object.entries(document).filter(([key, value]) => !AROUND.has(key) && !isEmpty(value));
      const own = kept.filter(([key]) => kind === "schedule" || key !== "version");
      return stringify(Object.fromEntries(own), { lineWidth: 0 });
    },
    enabled: name !== "",
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
  });
}

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || (typeof value === "object" && Object.keys(value).length === 0);
}
