import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { type AssetNoun, useAssetChanges } from "@/api/assets";
import { useLeaving } from "@/api/live";
import { RestoreButton } from "@/components/assets/RestoreButton";
import { ConfirmButton } from "@/components/ConfirmButton";
import { path, useWorkspace } from "@/lib/workspace";

interface Version {
  name: string;
  version: string;
  archived?: boolean;
}

/** Hides a version of an asset, shows it again, deletes it for good. */
export function AssetActions({ noun, asset }: { noun: AssetNoun; asset: Version }) {
  const { t } = useTranslation(["assets", "common"]);
  const workspace = useWorkspace();
  const navigate = useNavigate();
  const { name, version } = asset;
  const changes = useAssetChanges(workspace, noun, name);
  const leave = useLeaving(workspace, noun, name);
  const drop = () =>
    leave(async () => {
      await changes.remove(version);
      await navigate(path(workspace, noun));
    });
  return (
    <>
      {asset.archived ? (
        <RestoreButton act={() => changes.archive(false, version)} />
      ) : (
        <ConfirmButton
          label={t("common:archive")}
          question={t("archiveQuestion", { name, version })}
          act={() => changes.archive(true, version)}
          isHarmless
        />
      )}
      <ConfirmButton label={t("common:delete")} question={t("deleteQuestion", { name, version })} act={drop} />
    </>
  );
}
