/** One attribute: where it comes from, who uses it, and how it is changed if it is one's own. */
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { attributesQuery } from "../api/queries";
import { KIND_NAMES, TYPE_NAMES } from "../attributes/attribute";
import { FunctionEditor } from "../attributes/FunctionEditor";
import { CloseAttribute, UsedBy } from "../attributes/parts";
import { StaticEditor } from "../attributes/StaticEditor";
import { Empty } from "../ui/Failures";
import { Facts, Pane } from "../ui/Pane";

const route = getRouteApi("/shell/attributes/$name");

export function AttributePage() {
  const { name } = route.useParams();
  const { kind } = route.useSearch();
  const attributes = useQuery(attributesQuery);
  const attribute = attributes.data?.find((one) => one.name === name);
  if (name === "new") {
    return kind === "function" ? (
      <FunctionEditor key="new" attribute={undefined} />
    ) : (
      <StaticEditor key="new" attribute={undefined} />
    );
  }
  if (!attribute) {
    return (
      <div>
        {attributes.data && (
          <Empty title="There is no such attribute">
            <Link to="/attributes" className="anchor">
              Back to the list
            </Link>
          </Empty>
        )}
      </div>
    );
  }
  if (attribute.kind === "STATIC") return <StaticEditor key={name} attribute={attribute} />;
  if (attribute.kind === "FUNCTION") return <FunctionEditor key={name} attribute={attribute} />;
  return (
    <Pane
      title={name}
      about={KIND_NAMES[attribute.kind] ?? attribute.kind}
      actions={<CloseAttribute />}
    >
      <Facts
        facts={[
          {
            name: "What it is",
            is:
              attribute.description ||
              "known from what was written to it, or from policies that mention it",
          },
          {
            name: "Type",
            is: attribute.valueType ? TYPE_NAMES[attribute.valueType] : "anything",
          },
          { name: "In logs", is: attribute.sensitive ? "masked" : "shown" },
          { name: "Used by", is: <UsedBy attribute={attribute} /> },
        ]}
      />
    </Pane>
  );
}
