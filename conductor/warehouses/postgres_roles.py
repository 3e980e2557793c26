"""Who may do what in a PostgreSQL warehouse: three roles, each with what its work needs and no more.

`conductor_loader` makes and fills the products' tables, `conductor_builder` reads them and writes the marts, `conductor_reader`
reads. Nobody logs in as one of them: the workspace's user may act as each, and has no rights of its own.
"""

LOADER, BUILDER, READER = "conductor_loader", "conductor_builder", "conductor_reader"
ROLES = (LOADER, BUILDER, READER)
