{# True for the rows of the days that this build is for; all rows where no days are named. #}
{% macro of_these_days(column) -%}
  {%- set days = var('days') -%}
  {%- if days -%}
    {{ column }} in ({% for day in days %}cast('{{ day }}' as date){{ ', ' if not loop.last }}{% endfor %})
  {%- else -%}
    true
  {%- endif -%}
{%- endmacro %}

{# Clear the days of this build, in the transaction that writes them anew: rows that are gone vanish, a second run adds nothing. #}
{% macro clear_these_days(column) -%}
  {%- if is_incremental() -%}
    delete from {{ this }} where {{ of_these_days(column) }}
  {%- endif -%}
{%- endmacro %}

{# True where a day of this build lies between two dates, both included. #}
{% macro any_of_these_days_between(first, last) -%}
  {%- set days = var('days') -%}
  {%- if days -%}
    ({% for day in days %}cast('{{ day }}' as date) between {{ first }} and {{ last }}{{ ' or ' if not loop.last }}{% endfor %})
  {%- else -%}
    true
  {%- endif -%}
{%- endmacro %}
