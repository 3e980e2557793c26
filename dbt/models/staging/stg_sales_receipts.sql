-- Receipt lines that count: a voided receipt is no sale.
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
    sync_token,
    updated_at
from {{ source('finance', 'sales_receipts') }}
where not coalesce(voided, false)
