{{ config(materialized='table') }}

-- Whole calendar years, so that a day without sales still has its row.
with recursive years as (
    select
        cast(extract(year from min(business_date)) as integer) as first_year,
        cast(extract(year from max(business_date)) as integer) as last_year
    from {{ ref('fct_sales') }}
),

days as (
    select
        cast(first_year || '-01-01' as date) as date_day,
        cast(last_year || '-12-31' as date) as last_day
    from years
    where first_year is not null

    union all

    select date_day + 1, last_day
    from days
    where date_day < last_day
)

select
    date_day,
    cast(extract(year from date_day) as integer) as year,
    cast(extract(quarter from date_day) as integer) as quarter,
    cast(extract(month from date_day) as integer) as month,
    cast(extract(day from date_day) as integer) as day_of_month,
    cast(extract(isodow from date_day) as integer) as iso_weekday
from days
