import { Alert, SimpleGrid, Stack, Text, TextInput } from "@mantine/core";
import { IconInfoCircle, IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type DataVersion, type Profile, useProfile } from "@/api/data";
import { ApiError } from "@/api/errors";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";
import { useWorkspace } from "@/lib/workspace";
import { ColumnCard } from "@/pages/data/profile/ColumnCard";

const MANY = 8;

/** The columns of a table: what each holds, what is missing, how its values are spread. */
export function ProfileTab({ data }: { data: DataVersion }) {
  const profile = useProfile(useWorkspace(), data);
  if (profile.isPending) return <Loading />;
  if (profile.error) return <NoTable error={profile.error} retry={() => void profile.refetch()} />;
  return <Columns profile={profile.data} />;
}

/** Says why no table is shown: what is none is no fault. */
export function NoTable({ error, retry }: { error: Error; retry: () => void }) {
  const { t } = useTranslation("data");
  const isNone = error instanceof ApiError && ["NotSupported", "Forbidden"].includes(error.code);
  if (!isNone) return <ErrorBox error={error} retry={retry} />;
  return (
    <Alert color="gray" icon={<IconInfoCircle aria-hidden />} title={t("profile.noTable")}>
      {error.message} {error.hint}
    </Alert>
  );
}

function Columns({ profile }: { profile: Profile }) {
  const { t, i18n } = useTranslation("data");
  const [text, setText] = useState("");
  const shown = profile.columns.filter(({ name }) => name.toLowerCase().includes(text.toLowerCase()));
  const size = { rows: profile.rows.toLocaleString(i18n.language), columns: profile.all_columns };
  return (
    <Stack gap="md">
      <Text size="sm">
        {t(profile.whole ? "profile.rows" : "profile.firstRows", size)}{" "}
        {profile.columns.length < profile.all_columns &&
          t("profile.someColumns", { shown: profile.columns.length, all: profile.all_columns })}
      </Text>
      {profile.columns.length > MANY && (
        <TextInput
          aria-label={t("profile.find")}
          placeholder={t("profile.find")}
          leftSection={<IconSearch size={14} aria-hidden />}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          maw={320}
        />
      )}
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3, xl: 4 }} spacing="md">
        {shown.map((column) => (
          <ColumnCard key={column.name} column={column} />
        ))}
      </SimpleGrid>
    </Stack>
  );
}
