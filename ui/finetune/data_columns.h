#pragma once

// What the members of a file's rows are read as, and how a user says otherwise (data.sources[].field_map).

#include "jobs/job/job.h"

#include <map>
#include <string>
#include <vector>

namespace facet::ui {

struct DataColumn {
    std::string member;  ///< of the rows
    std::string field;   ///< of the format that it is read as, such as "prompt"; "" if it is not read
    bool operator==(const DataColumn&) const = default;
};

/// Members of the first rows, also where their format is not known yet; none of what is no file of rows.
///
/// Thread  any; reads the first rows
std::vector<DataColumn> columnsOf(const jobs::DataSource& source);

/// All fields that a format may read, and what one is: "question" for "prompt".
const std::vector<std::string>& dataFields();
std::string roleOfField(const std::string& field);

/// `map` with a member that is read as `field`; "": not read.
std::map<std::string, std::string> withColumn(std::map<std::string, std::string> map,
                                              const std::string& member, const std::string& field);

}  // namespace facet::ui
