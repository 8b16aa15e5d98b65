import { NativeSelect } from "@mantine/core";

interface Props {
  label: string;
  names: string[];
  value: string;
  onChange: (name: string) => void;
  /** What no deployment means; left out: one must be chosen. */
  none?: string;
}

/** Chooses one of an endpoint's deployments. */
export function DeploymentSelect({ label, names, value, onChange, none }: Props) {
  const options = names.map((name) => ({ value: name, label: name }));
  return (
    <NativeSelect
      label={label}
      data={none === undefined ? options : [{ value: "", label: none }, ...options]}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      w={{ base: "100%", xs: 280 }}
    />
  );
}
