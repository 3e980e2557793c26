{#
  The business dates that this build is for stand in the environment variable BUILD_DAYS, as ISO dates between blanks; without it
  all days are built. It is no `var`, since a changed var makes dbt parse the whole project anew.
#}
{% macro build_days() -%}
  {{ return(env_var('BUILD_DAYS', '').split()) }}
{%- endmacro %}

{# True for the rows of these days. #}
{% macro of_these_days(column) -%}
  {%- set days = build_days() -%}
  {%- if days -%}
    {{ column }} in ({% for day in days %}date '{{ day }}'{{ ', ' if not loop.last }}{% endfor %})
  {%- else -%}
    true
  {%- endif -%}
{%- endmacro %}

{# True where one of these days lies between two dates, both included. #}
{% macro any_of_these_days_between(first, last) -%}
  {%- set days = build_days() -%}
  {%- if days -%}
    ({% for day in days %}date '{{ day }}' between {{ first }} and {{ last }}{{ ' or ' if not loop.last }}{% endfor %})
  {%- else -%}
    true
  {%- endif -%}
{%- endmacro %}

{#
  Keep other builds off the model until its transaction ends: one whose parent was killed may still be at work. A DuckDB file has one
  builder anyway.
#}
{% macro hold_alone() -%}
  {%- if is_incremental() and target.type == 'postgres' -%}
    lock table {{ this }} in share row exclusive mode
  {%- endif -%}
{%- endmacro %}

{# Clear these days in the transaction that writes them anew: rows that are gone vanish, and a second run adds nothing. #}
{% macro clear_these_days(column) -%}
  {%- if is_incremental() -%}
    delete from {{ this }} where {{ of_these_days(column) }}
  {%- endif -%}
{%- endmacro %}
