import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useNavigate, useParams } from "react-router";
import { type Connection, useConnection } from "@/api/connections";
import { listKey } from "@/api/keys";
import { useLeaving } from "@/api/live";
import { nativeAddress, remove } from "@/api/native";
import { targetOf, wayOf } from "@/components/access/document";
import { MASK } from "@/components/access/kinds";
import { ConfirmButton } from "@/components/ConfirmButton";
import { KeyValues, type Pair } from "@/components/KeyValues";
import { Loading } from "@/components/Loading";
import { PageFault } from "@/components/PageFault";
import { PageHeader } from "@/components/PageHeader";
import { Tags } from "@/components/Tags";
import { DateTime } from "@/components/times";
import { path, useWorkspace } from "@/lib/workspace";
import { connectionAccess } from "@/pages/connections/access";
import { EditConnection } from "@/pages/connections/EditConnection";

/** One connection: kind, target, how it authenticates; its secrets are never shown. */
export function Component() {
  const workspace = useWorkspace();
  const name = useParams().name ?? "";
  const connection = useConnection(workspace, name);
  if (connection.isPending) return <Loading />;
  if (connection.error) return <PageFault error={connection.error} retry={() => void connection.refetch()} />;
  return <Details connection={connection.data} />;
}

function Details({ connection }: { connection: Connection }) {
  const { t } = useTranslation(["connections", "common"]);
  const workspace = useWorkspace();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const { name } = connection;
  const leave = useLeaving(workspace, "connections", name);
  const drop = () =>
    leave(async () => {
      await remove(nativeAddress(workspace, "connections", name));
      void queries.invalidateQueries({ queryKey: listKey(workspace, "connections") });
      await navigate(path(workspace, "connections"));
    });
  return (
    <>
      <PageHeader
        title={name}
        crumbs={[{ label: t("title"), to: path(workspace, "connections") }]}
        actions={
          <>
            <EditConnection connection={connection} />
            <ConfirmButton label={t("common:delete")} question={t("deleteQuestion", { name })} act={drop} />
          </>
        }
      />
      <KeyValues label={t("common:properties")} pairs={usePairs(connection)} />
    </>
  );
}

function usePairs(connection: Connection): Pair[] {
  const { t } = useTranslation(["connections", "common", "access"]);
  const metadata = Object.entries(connection.metadata ?? {});
  const way = wayOf(connectionAccess, connection);
  const known = connectionAccess.kinds.find(({ type }) => type === connection.type);
  return [
    { label: t("common:type"), value: known ? `${known.label} (${connection.type})` : connection.type },
    { label: t("target"), value: targetOf(connection) },
    { label: t("authentication"), value: t(`access:way.${way as "none"}`, { defaultValue: way }) },
    ...secretsOf(connection, t("masked"), (key) => t(`access:field.${key as "key"}`, { defaultValue: key })),
    ...metadata.map(([label, value]) => ({
      label,
      value: typeof value === "object" ? JSON.stringify(value) : String(value),
    })),
    { label: t("common:description"), value: connection.description },
    { label: t("common:tags"), value: <Tags tags={connection.tags} /> },
    { label: t("common:createdBy"), value: connection.creation_context.created_by },
    { label: t("common:created"), value: <DateTime at={connection.creation_context.created_at} /> },
  ];
}

/** The parts of the credentials: the server gives secrets masked, and a mask is shown as words. */
function secretsOf(connection: Connection, masked: string, name: (key: string) => string): Pair[] {
  const { type: _, ...parts } = connection.credentials ?? {};
  const given = connection.api_key === undefined ? parts : { ...parts, key: connection.api_key };
  return Object.entries(given).flatMap(([key, value]) =>
    typeof value === "object" && value !== null
      ? Object.keys(value).map((one) => ({ label: `${name(key)}: ${one}`, value: masked }))
      : [{ label: name(key), value: value === MASK ? masked : String(value) }],
  );
}
