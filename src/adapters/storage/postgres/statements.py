"""SQL over the one shape that all tables of aggregates have."""
# ruff: noqa: S608 - names come from the registry of tables, and every value is an argument

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from adapters.storage.cursors import Key
from adapters.storage.layout import Field, blob_fields, indexed_field, indexed_fields, wanted_values
from application.ports.storage import Table
from domain.paging import Condition, Op, PageRequest, Where

BASE_COLUMNS = ("tenant_id", "id", "version", "created_at", "updated_at", "body")

COLUMN_TYPES: Mapping[type, str] = {
    str: "text",
    int: "bigint",
    float: "double precision",
    bool: "boolean",
    datetime: "timestamptz",
    bytes: "bytea",
    tuple: "text[]",
}

_SIGNS = {Op.EQ: "=", Op.GE: ">=", Op.GT: ">", Op.LE: "<=", Op.LT: "<"}


def extra_fields(table: Table[Any]) -> list[Field]:
    """The indexed fields that every table does not have anyway."""
    return [f for f in indexed_fields(table).values() if f.column not in BASE_COLUMNS]


@dataclass(slots=True)
class Query:
    """Text and arguments of one statement about a tenant's rows, put together in order."""

    text: str
    args: list[Any] = field(default_factory=list)

    def add(self, text: str) -> "Query":
        self.text += text
        return self

    def hold(self, value: Any) -> str:
        """The placeholder that stands for `value`."""
        self.args.append(value)
        return f"${len(self.args)}"


def insert(table: Table[Any]) -> str:
    """A row that is there already is left alone and not returned; `_columns` says what the arguments are."""
    names = _columns(table)
    values = ", ".join(_placeholder(n) for n in range(1, len(names) + 1))
    return (
        f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({values}) "
        "ON CONFLICT (tenant_id, id) DO NOTHING RETURNING id"
    )


def update(table: Table[Any]) -> str:
    """Of the row whose version is the one before; a row of another version is left alone and not returned."""
    sets = ", ".join(f"{name} = {_placeholder(n)}" for n, name in enumerate(_columns(table), 1) if n > 2)
    return f"UPDATE {table.name} SET {sets} WHERE tenant_id = $1 AND id = $2 AND version = $3 - 1 RETURNING id"


def select(table: Table[Any], tenant_id: str, where: Where = ()) -> Query:
    columns = ", ".join(("id", "body", *blob_fields(table.type)))
    return _matching(Query(f"SELECT {columns} FROM {table.name}"), table, tenant_id, where)


def count(table: Table[Any], tenant_id: str, where: Where) -> Query:
    return _matching(Query(f"SELECT count(*) FROM {table.name}"), table, tenant_id, where)


def delete(table: Table[Any], tenant_id: str, where: Where) -> Query:
    query = _matching(Query(f"DELETE FROM {table.name}"), table, tenant_id, where)
    return query.add(" RETURNING id")


def page(table: Table[Any], tenant_id: str, where: Where, request: PageRequest, after: Key | None) -> Query:
    """One row more than asked for, so that it shows whether more follow."""
    query, sort = select(table, tenant_id, where), indexed_field(table, request.sort_field)
    if after is not None:
        query.add(" AND " + _beyond(query, sort, after, request.descending))
    query.add(order_by(sort, request.descending))
    return query.add(f" LIMIT {query.hold(request.limit + 1)} OFFSET {query.hold(request.offset)}")


def order_by(sort: Field, descending: bool) -> str:
    """`NULL` lowest, ties by id: the order of the indexes, read forwards or backwards."""
    way, nulls = ("DESC", "LAST") if descending else ("ASC", "FIRST")
    if sort.path == "id":
        return f" ORDER BY id {way}"
    return f" ORDER BY {_quoted(sort)} {way} NULLS {nulls}, id {way}"


def _placeholder(position: int) -> str:
    is_body = BASE_COLUMNS[position - 1 : position] == ("body",)
    return f"${position}::jsonb - '_events'" if is_body else f"${position}"


def _quoted(named: Field) -> str:
    return f'"{named.column}"'  # some are words of SQL


def _columns(table: Table[Any]) -> tuple[str, ...]:
    return (*BASE_COLUMNS, *map(_quoted, extra_fields(table)), *blob_fields(table.type))


def _matching(query: Query, table: Table[Any], tenant_id: str, where: Where) -> Query:
    query.add(f" WHERE tenant_id = {query.hold(tenant_id)}")
    for condition in where:
        query.add(f" AND {_condition(query, indexed_field(table, condition.field), condition)}")
    return query


def _condition(query: Query, asked: Field, condition: Condition) -> str:
    column, value = _quoted(asked), condition.value
    if condition.op is Op.IN:
        return _among(query, column, list(wanted_values(condition)))
    if condition.op is Op.LIKE:
        return f"{column} COLLATE folding ILIKE {query.hold(_contained(value))}"
    if condition.op is Op.HAS:
        return f"{query.hold(value)} = ANY({column})"
    if condition.op is Op.HAS_ANY:
        return f"{column} && {query.hold(list(value))}"
    if condition.op is Op.EQ and value is None:
        return f"{column} IS NULL"
    return f"{column} {_SIGNS[condition.op]} {query.hold(value)}"


def _among(query: Query, column: str, values: list[Any]) -> str:
    """One alone is asked for as such: so an index gives the rows in its order."""
    known = [value for value in values if value is not None]
    if len(values) == len(known) == 1:
        return f"{column} = {query.hold(known[0])}"
    among = f"{column} = ANY({query.hold(known)})"
    return among if len(known) == len(values) else f"({among} OR {column} IS NULL)"


def _contained(text: str | None) -> str | None:
    r"""A pattern for texts that hold this one; `%`, `_` and `\` stand for themselves."""
    if text is None:
        return None
    for sign in ("\\", "%", "_"):
        text = text.replace(sign, "\\" + sign)
    return f"%{text}%"


def _beyond(query: Query, sort: Field, after: Key, descending: bool) -> str:
    """What comes after the key in the sort's order."""
    column, (value, last_id) = _quoted(sort), after
    sign = "<" if descending else ">"
    if sort.path == "id":
        return f"id {sign} {query.hold(last_id)}"
    if value is None:
        ties = f"{column} IS NULL AND id {sign} {query.hold(last_id)}"
        return f"({ties})" if descending else f"({ties} OR {column} IS NOT NULL)"
    rest = f"({column}, id) {sign} ({query.hold(value)}, {query.hold(last_id)})"
    return f"({rest} OR {column} IS NULL)" if descending and sort.nullable else rest
