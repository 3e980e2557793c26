-- Receipt lines that count: a voided receipt is no sale, and a note carries no money.
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
from {{ source('finance', 'sales_receipts') }}
where not voided and line_type <> 'note'
