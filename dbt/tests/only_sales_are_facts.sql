-- Notes and lines of voided receipts that stand among the sales.
select fct_sales.receipt_id, fct_sales.line_id
from {{ ref('fct_sales') }} as fct_sales
inner join {{ source('finance', 'sales_receipts') }} as lines
    on fct_sales.receipt_id = lines.receipt_id and fct_sales.line_id = lines.line_id
where (lines.voided or lines.line_type = 'note') and {{ of_these_days('fct_sales.business_date') }}
