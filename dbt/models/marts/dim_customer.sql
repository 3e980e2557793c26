{{ config(
    incremental_strategy='delete+insert',
    unique_key='customer_id',
    pre_hook="{{ hold_alone() }}",
    post_hook="delete from {{ this }} where customer_id not in (
        select customer_id from {{ ref('fct_sales') }} where customer_id is not null)",
) }}

with sales as (
    select customer_id, customer_name, business_date, updated_at, receipt_id, line_id
    from {{ ref('fct_sales') }}
    where customer_id is not null
),

{% if is_incremental() %}
-- A day can change those who bought on it now and those who may have bought on it before: it lies between their first and last.
changed as (
    select customer_id from sales where {{ of_these_days('business_date') }}
    union
    select customer_id from {{ this }} where {{ any_of_these_days_between('first_seen', 'last_seen') }}
),
{% endif %}

ranked as (
    select
        customer_id,
        customer_name,
        min(business_date) over (partition by customer_id) as first_seen,
        max(business_date) over (partition by customer_id) as last_seen,
        row_number() over (
            partition by customer_id
            order by business_date desc, updated_at desc nulls last, receipt_id desc, line_id desc
        ) as place
    from sales
    {% if is_incremental() %}
    where customer_id in (select customer_id from changed)
    {% endif %}
)

select customer_id, customer_name, first_seen, last_seen
from ranked
where place = 1
