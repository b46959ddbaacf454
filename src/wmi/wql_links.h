// ASSOCIATORS OF and REFERENCES OF: what an object is associated with, and by what.
#pragma once

#include "wmi/wql.h"

namespace qm::wmi::wql {

void run_links(const Plan& plan, Found& found);

}  // namespace qm::wmi::wql
