/** A skill picked by its name. */
import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { skillsQuery } from "../api/queries";

interface Props {
  label: string;
  isLabelHidden?: boolean;
  description?: string;
  placeholder?: string;
  value: string | null;
  /** Skills that cannot be picked. */
  without?: readonly string[];
  isClearable?: boolean;
  disabled?: boolean;
  onChange: (skillId: string | null) => void;
}

export function SkillSelect(props: Props) {
  const skills = useQuery(skillsQuery).data ?? [];
  const known = skills.map((skill) => ({ value: skill.id ?? "", label: skill.name }));
  const { value, without = [] } = props;
  // A skill that is gone is shown by its id, so that it can be seen and replaced.
  const isGone = value !== null && value !== "" && !known.some((one) => one.value === value);
  const all = isGone ? [...known, { value, label: value }] : known;
  return (
    <Select
      label={props.isLabelHidden ? undefined : props.label}
      aria-label={props.label}
      description={props.description}
      placeholder={props.placeholder ?? "Choose a skill"}
      searchable
      limit={100}
      clearable={props.isClearable ?? false}
      allowDeselect={false}
      nothingFoundMessage="No skill is called so"
      disabled={props.disabled ?? false}
      value={value === "" ? null : value}
      data={all.filter((one) => one.value === value || !without.includes(one.value))}
      onChange={props.onChange}
    />
  );
}
