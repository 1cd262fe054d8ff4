// One [[source]] table: its members read and checked. What holds between sources stands in sources.cpp.
#pragma once
#include "denrei/app/config/sources.hpp"
#include "denrei/app/config/table_reader.hpp"

namespace denrei {

// Answers the source as far as it could be read; every complaint went through `table`.
[[nodiscard]] SourceDraft read_source(TableReader& table, const ConfigDraft& draft, Problems& problems);

}  // namespace denrei
