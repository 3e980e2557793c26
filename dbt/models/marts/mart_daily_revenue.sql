{{ config(pre_hook=["{{ hold_alone() }}", "{{ clear_these_days('business_date') }}"]) }}

select
    business_date,
    currency,
    count(distinct receipt_id) as receipts,
    count(*) as lines,
    cast(sum(net_amount) as decimal(38, 2)) as net,
    cast(sum(tax_amount) as decimal(38, 2)) as tax,
    cast(sum(net_amount) + sum(tax_amount) as decimal(38, 2)) as gross,
    cast(sum(net_home) as decimal(38, 2)) as net_home,
    cast(sum(tax_home) as decimal(38, 2)) as tax_home,
    cast(sum(net_home) + sum(tax_home) as decimal(38, 2)) as gross_home
from {{ ref('fct_sales') }}
{% if is_incremental() %}
where {{ of_these_days('business_date') }}
{% endif %}
group by business_date, currency
