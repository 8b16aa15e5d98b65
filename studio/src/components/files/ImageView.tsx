import { Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { bytesQuery } from "@/api/files";
import { ErrorBox } from "@/components/ErrorBox";
import classes from "@/components/files/files.module.css";
import { imageType } from "@/components/files/kinds";
import type { ViewProps } from "@/components/files/Preview";
import { useBlob } from "@/components/files/useBlob";
import { Loading } from "@/components/Loading";

const LARGEST = 64 << 20;

/** An image of any kind; as an image, SVG runs no script and reaches no network. */
export default function ImageView({ source, file }: ViewProps) {
  const { t } = useTranslation("files");
  const size = file.size ?? 0;
  const bytes = useQuery({ ...bytesQuery(source, file, 0, size), enabled: size <= LARGEST });
  const address = useBlob(bytes.data?.data, imageType(file.name));
  const [broken, setBroken] = useState<string | null>(null);
  if (size > LARGEST) return <Text c="dimmed">{t("tooLarge")}</Text>;
  if (bytes.error) return <ErrorBox error={bytes.error} retry={() => void bytes.refetch()} />;
  if (!address) return <Loading />;
  if (broken === address) return <Text c="dimmed">{t("brokenImage")}</Text>;
  return (
    <div>
      <img className={classes.image} src={address} alt={file.name} onError={() => setBroken(address)} />
    </div>
  );
}
