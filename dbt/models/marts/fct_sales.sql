{{ config(pre_hook=["{{ hold_alone() }}", "{{ clear_these_days('business_date') }}"]) }}

select
    receipt_id,
    line_id,
    line_type,
    business_date,
    doc_number,
    customer_id,
    customer_name,
    item_id,
    item_name,
    quantity,
    unit_price,
    currency,
    net_amount,
    tax_amount,
    net_home,
    tax_home,
    home_currency,
    updated_at
from {{ ref('stg_sales_receipts') }}
{% if is_incremental() %}
where {{ of_these_days('business_date') }}
{% endif %}
